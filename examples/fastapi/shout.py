"""A plugin in Python."""

from plugin_bindings.guest import exports
from plugin_bindings.guest.plugin import log
from plugin_bindings.types.plugin import Note, RewriteError


def rewrite(note: Note) -> Note:
    if not note.body:
        raise RewriteError("there is nothing to shout")
    log(f"shouting {len(note.body)} characters")
    return Note(note.title.upper(), note.body.upper(), [*note.tags, "loud"])


exports.serve(__name__, rewrite=rewrite)
