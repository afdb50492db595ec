"""Messages as text."""

from bot.views.messages import Message
from bot.views.parts import Channel, Mention, When, message_text, small_print
from bot.views.plain import as_text
from quaymaster.subjects import OperationSubject
from tests.bot.views.cases import NOW


def test_a_message_without_blocks_is_its_text_as_people_read_it() -> None:
    text = message_text(("<b> & ", Mention("U0ANN"), " ", Channel("C0SHOP"), " ", When(NOW)))
    message = Message("findings", OperationSubject(7), "C0SHOP", text)
    assert as_text(message) == "<b> & @U0ANN #C0SHOP 2026-05-04 10:30 UTC"


def test_small_print_is_unescaped_once() -> None:
    message = Message(
        "card", OperationSubject(7), "C0SHOP", "-", (small_print(("&lt;!channel&gt;",)),)
    )
    assert as_text(message) == "&lt;!channel&gt;"
