"""Check an audit export or a receipt without the service: ``nodback verify FOLDER_OR_RECEIPT``.

    from pathlib import Path
    from nodback.verify import Verdict, read_known, verify

    report = verify(Path("export-2026-q4"), known=read_known(Path("export-2026-q3"), key="5f0c…e1"))
    assert report.verdict is Verdict.INTACT, report.reason

Nothing is asked over the network. What holds is said by hashes and signatures alone; docs/audit.md describes them, so
that another program can do the same. An export cannot vouch for its own key, nor for what was sealed before it: that
takes what did not come with it, the key's fingerprint or something that was kept.
"""

from nodback.verify.check import read_known, size_of, verify
from nodback.verify.report import Known, Report, Verdict

__all__ = ["Known", "Report", "Verdict", "read_known", "size_of", "verify"]
