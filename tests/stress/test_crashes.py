"""Whatever call fails or loses its answer, the service repairs itself with two sweeps."""

import inspect
from pathlib import Path

import pytest
from support.all_crash_cases import CASES, COVERED
from support.crash_cases import BROKEN_ELSEWHERE, NOT_INJECTED, Named, reaching_ports
from support.crashes import every_crash, survive
from support.faults import LOCAL, PORTS, calls_of

from nodback_core import ports

ROOT = Path(__file__).parents[2]


def test_no_use_case_was_forgotten() -> None:
    found = reaching_ports()
    excused = {*NOT_INJECTED, *BROKEN_ELSEWHERE}
    forgotten = found - COVERED - excused
    assert not forgotten, f"give them a case in tests/support/crash_cases.py, or a reason there: {sorted(forgotten)}"
    assert not (COVERED | excused) - found, "these are gone"
    assert not COVERED & excused
    assert all((ROOT / page).is_file() for page in BROKEN_ELSEWHERE.values())


def test_no_port_was_forgotten() -> None:
    protocols = {
        getattr(ports, name)
        for name in ports.__all__
        if inspect.isclass(getattr(ports, name)) and getattr(getattr(ports, name), "_is_protocol", False)
    }
    # The vault stands for its master key; the signer signs seals, which are broken by tests of their own.
    assert protocols - {ports.MasterKey, ports.Signer} == set(PORTS.values())
    assert calls_of("vault") == {"create", "open"}
    assert {"seal", "unseal", "salt"} == LOCAL


@pytest.mark.parametrize("named", CASES, ids=lambda named: named.title.replace(" ", "-"))
def test_a_failure_before_and_after_every_call_is_repaired(named: Named) -> None:
    problems = []
    for crash in every_crash(named):
        try:
            survive(crash)
        except Exception as problem:
            problems.append(f"{crash}: {type(problem).__name__} {problem}")
    assert not problems, "\n".join(problems)
