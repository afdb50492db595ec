"""What was asked for, in a few words."""

from typing import assert_never

from bot.views.parts import clipped, clipped_middle
from quaymaster.image_ref import ImageRef, Repository
from quaymaster.request_facts import AnyRequest, Name

_IMAGE_LIMIT = 52
_NAME_LIMIT = 30


def headline_of(request: AnyRequest, default_registry: str) -> str:
    """“Push shop/web:1.4 from build1”. Plain text, not yet escaped."""
    return "".join(_shown(piece, default_registry) for piece in request.headline)


def _shown(piece: str | Name | ImageRef | Repository, default_registry: str) -> str:
    match piece:
        case str():
            return piece
        case Name(text):
            return clipped(text, _NAME_LIMIT)
        case ImageRef() | Repository():
            return clipped_middle(piece.familiar(default_registry), _IMAGE_LIMIT)
        case _:
            assert_never(piece)
