"""The page that lies beside images that left: what they are, how they are opened, and what was taken out of them."""

from __future__ import annotations

from clinic_app.foundation.texts import Language, Text


def readme_page(language: Language, count: int, *, is_nameless: bool) -> str:
    """Return the page, lines of plain text.

    Args:
        language: of the words.
        count: of files.
        is_nameless: whether the patient was taken out.
    """
    lines = [
        Text("Medical images (DICOM)"),
        None,
        Text("There are {count} files here, and the file DICOMDIR, which lists them.", count=count),
        Text("Open the folder, or DICOMDIR, with a program for DICOM images; a double click opens nothing."),
        None,
        *(_nameless() if is_nameless else _named()),
        None,
        Text("Not for diagnosis unless the screen is made for it."),
        Text("Written by Dala."),
    ]
    return "\n".join(line.render(language) if line else "" for line in lines) + "\n"


def _named() -> tuple[Text, ...]:
    return (
        Text("The files carry the patient's name and numbers. Whoever has them is bound to keep them to himself."),
        Text("Each file is what the device made, byte for byte."),
    )


def _nameless() -> tuple[Text, ...]:
    return (
        Text("The patient's name, numbers and dates were taken out (DICOM PS3.15, Basic Profile)."),
        Text("Names and numbers in the files are made up; days are moved, and keep their distances."),
        Text("A face can be put together from the slices of a head: do not make such images public."),
    )
