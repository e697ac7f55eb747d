"""Every protocol by name."""

from __future__ import annotations

from emofuse.core import InputError

from .base import Protocol
from .cross_corpus import CrossCorpus
from .eeg import EavLoso, EavWithinPerson, SeedIvCrossSession, SeedIvLoso, SeedIvTrial
from .iemocap import IemocapMme2e, IemocapSessions
from .official import Official
from .people import LeaveOneSubjectOut, SubjectKFold
from .published import RandomClips, SeedIvWindows
from .ravdess import (
    Ravdess5Fold,
    Ravdess6Fold,
    RavdessChumachenko,
    RavdessEsposito,
    RavdessScuri,
)

PROTOCOLS: dict[str, type[Protocol]] = {
    cls.name: cls
    for cls in (
        Ravdess5Fold,
        Ravdess6Fold,
        RavdessChumachenko,
        RavdessScuri,
        RavdessEsposito,
        LeaveOneSubjectOut,
        SubjectKFold,
        IemocapSessions,
        IemocapMme2e,
        Official,
        CrossCorpus,
        RandomClips,
        SeedIvLoso,
        SeedIvCrossSession,
        SeedIvTrial,
        SeedIvWindows,
        EavLoso,
        EavWithinPerson,
    )
}


def protocol(name: str, **params: object) -> Protocol:
    """The protocol called `name` with `params` (seed, k, train, test, ...).

    Raises `InputError` for an unknown name or parameter.

    >>> protocol("subject-kfold", k=10).params
    {'seed': 0, 'k': 10}
    """
    if name not in PROTOCOLS:
        raise InputError(name, "no such protocol", f"known: {', '.join(PROTOCOLS)}")
    try:
        return PROTOCOLS[name](**params)  # type: ignore[arg-type]
    except TypeError as error:
        known = ", ".join(PROTOCOLS[name]().params)
        raise InputError(name, f"bad parameter ({error})", f"it takes {known}") from None
