"""One form posted to one HTTPS endpoint: no redirects, no proxies, a bounded answer. Blocks; call it in a thread.

    status, answer = posted("https://id.example/token", {"grant_type": "…"}, timeout=30, limit=65536, context=trust)

Raises HttpsAway for everything that is no answer; the message holds nothing of the form.
"""

import http.client
import ssl
import time
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

_PIECE = 16 * 1024


class HttpsAway(Exception):
    """No answer came."""


def posted(
    url: str, form: Mapping[str, str], *, timeout: float, limit: int, context: ssl.SSLContext
) -> tuple[int, bytes]:
    """The status and the body. `timeout` in seconds for everything together, `limit` in octets."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise HttpsAway("it is no https:// URL")
    ends = time.monotonic() + timeout
    line = http.client.HTTPSConnection(parts.hostname, parts.port or 443, timeout=timeout, context=context)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        line.request("POST", path, urlencode(form).encode("ascii"), headers)
        response = line.getresponse()
        answer = bytearray()
        while piece := response.read1(_PIECE):
            answer += piece
            if len(answer) > limit:
                raise HttpsAway("its answer is too long")
            if time.monotonic() > ends:
                raise HttpsAway("its answer takes too long")
        return response.status, bytes(answer)
    except TimeoutError:
        raise HttpsAway("it takes too long") from None
    except ssl.SSLError as error:
        raise HttpsAway(f"its certificate or TLS ({error.reason or 'failed'})") from None
    except OSError as error:
        raise HttpsAway(error.strerror or type(error).__name__) from None
    except http.client.HTTPException as error:
        raise HttpsAway(f"it speaks no HTTP ({type(error).__name__})") from None
    finally:
        line.close()
