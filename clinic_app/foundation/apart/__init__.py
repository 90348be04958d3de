"""Decoding what strangers sent in a process of its own: little memory, little time, nothing to lose.

Decoders of pictures and pages are large libraries in C. A file made for it can crash them, or make them take all memory
(1.5 GB for 78 KB were measured). So they run in a child process that has no keys, no store and a limit; what it was
asked for comes back as plain bytes, or as a sentence. Knows no medicine.
"""

from clinic_app.foundation.apart.children import Children
from clinic_app.foundation.apart.jobs import Answer, Apart, CodedFrame, Job, PageCount, PageWish
from clinic_app.foundation.apart.work import HERE, RUN_LENGTHS

__all__ = ["HERE", "RUN_LENGTHS", "Answer", "Apart", "Children", "CodedFrame", "Job", "PageCount", "PageWish"]
