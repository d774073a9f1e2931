"""Two people never share a Maildir, whatever an operator writes."""

import pytest

from tests.rules.kit.files_of_settings import GOOD, only_problem, place, read

DELIVER = "    deliver: maildir:/srv/mail/{domain}/{user}\n"


def with_domains(*entries: str) -> str:
    return GOOD.replace(DELIVER, DELIVER + "".join(f"  {entry}\n" for entry in entries))


def test_two_domains_do_not_share_maildirs() -> None:
    text = with_domains('a.example: {deliver: "maildir:/m/{user}"}', 'b.example: {deliver: "maildir:/m//./{user}"}')
    problem = only_problem(text)
    assert "people of b.example and a.example would share Maildirs" in problem.what
    assert place(problem)[0] == text[: text.index("b.example")].count("\n") + 1


def test_nor_where_the_name_of_one_is_written_out() -> None:
    text = with_domains('b.example: {deliver: "maildir:/srv/mail/provider.example/{user}"}')
    assert "would share Maildirs" in only_problem(text).what


def test_nor_where_they_are_only_counted() -> None:
    seen = 'a.example: {deliver: "smtp://x.example:24", mailboxes: "maildir:/m/{user}"}'
    problem = only_problem(with_domains(seen, seen.replace("a.example", "b.example")))
    assert "would share Maildirs" in problem.what


@pytest.mark.parametrize("template", ["/m/{user}", "/m/x-{user}/Maildir"])
def test_a_wildcard_tells_its_domains_apart(template: str) -> None:
    problem = only_problem(with_domains(f'"*.w.example": {{deliver: "maildir:{template}"}}'))
    assert "mix the mail of many domains" in problem.what
    assert "{domain}" in problem.remedy


def test_mail_that_leaves_is_kept_apart() -> None:
    problem = only_problem(GOOD + "outbound: {deliver: 'maildir:/out/{user}'}\n")
    assert "mix the mail of many domains" in problem.what


def test_one_domain_may_do_without_its_name() -> None:
    text = with_domains(
        'a.example: {deliver: "maildir:/a/{user}"}', '"*.w.example": {deliver: "maildir:/w/{domain}/{user}"}'
    )
    assert len(read(text + "outbound: {deliver: 'maildir:/out/{domain}/{user}'}\n").domains) == 3
