"""Which attachments are pictures that a page can show, and what a browser would run or open by itself.

    picture_type(octets)          # "image/png" by the octets themselves, whatever was declared; "" for everything else
    ending("請求書.PDF.exe")        # "exe"
    file_name("page.html", ...)   # "page.html.txt": a browser must not run what a stranger wrote

SVG is no picture here: it can hold scripts. Which endings a browser opens as pages depends on its computer too: so what
is written in tags becomes a text, save under endings that are known to be none. Pure; raises nothing.
"""

import re
from typing import Final

from migrator.viewer.sets import set_of

_HEADS: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"BM.{4}\0\0\0\0", re.DOTALL), "image/bmp"),
)
# What opens as a page with the rights of a page, where somebody clicks on it.
_PAGES: Final = set_of(
    "htm html xhtml xht xhtm shtml shtm ehtml mht mhtml svg svgz xml xsl xslt xul hta htc php asp aspx jsp js mjs css"
    " pht phtml rdf rss atom mathml mml wml swf"
)
# What may hold tags and is no page anywhere.
_NO_PAGES: Final = set_of(
    "txt log md csv tsv json ics vcf eml rtf pdf doc dot xls xlt ppt docx xlsx pptx odt ods odp png jpg jpeg gif webp"
    " bmp tif tiff heic avif ico psd ai eps mp3 m4a mp4 mov avi mpg wav ogg webm zip lzh 7z rar gz tar dat p7s p7m asc"
)
_TAGS = re.compile(rb"<(?:!|\?xml|[a-z][a-z0-9:_-]{2,30}[\s>/])", re.IGNORECASE)
PROGRAMS: Final = set_of(
    "exe com scr pif bat cmd msi msp msix appx cpl dll sys jar js jse mjs vbs vbe vb wsf wsh ws ps1 psm1 hta lnk url"
    " reg inf scf gadget application chm hlp iso img vhd apk app dmg pkg command sh desktop docm xlsm pptm dotm"
    " xlam library-ms settingcontent-ms searchconnector-ms appref-ms wsc sct msc xll iqy jnlp vhdx diagcab webloc"
    " inetloc fileloc terminal workflow scpt deb rpm run py"
)
_ENDINGS: Final = {
    "text/plain": "txt", "text/html": "html", "text/calendar": "ics", "text/csv": "csv", "message/rfc822": "eml",
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp", "image/bmp": "bmp",
    "image/svg+xml": "svg", "application/pdf": "pdf", "application/zip": "zip", "application/msword": "doc",
    "text/vcard": "vcf", "text/x-vcard": "vcf", "application/pkcs7-mime": "p7m", "application/pkcs7-signature": "p7s",
    "application/pgp-signature": "asc", "application/pgp-encrypted": "asc", "message/delivery-status": "txt",
    "text/rfc822-headers": "txt", "audio/mpeg": "mp3", "video/mp4": "mp4", "application/ms-tnef": "dat",
}  # fmt: skip


def picture_type(octets: bytes) -> str:
    """The type of a picture by its first octets; empty where it is none that every browser shows."""
    return next((kind for head, kind in _HEADS if head.match(octets)), "")


def ending(name: str) -> str:
    """The last ending of a file's name in lower case, which decides what a system does with it."""
    stem, dot, last = name.rstrip(". ").rpartition(".")
    return last.lower() if dot and stem else ""


def file_name(given: str, kind: str, number: int, beginning: bytes) -> str:
    """The name of an attachment's file: as given, or made of its number and type; pages become texts."""
    name = "".join(sign for sign in given.replace("\\", "/").rpartition("/")[2] if sign.isprintable())
    if not name.strip(" ."):
        name = f"{number}.{_ENDINGS.get(kind, 'bin')}"
    last = ending(name)
    is_page = last in _PAGES or (not last and kind in {"text/html", "image/svg+xml", "text/xml"})
    if last not in _NO_PAGES | PROGRAMS:
        is_page = is_page or _TAGS.search(beginning.replace(b"\0", b"")) is not None  # UTF-16 has zeros between
    return f"{name}.txt" if is_page else name
