"""What reporting keeps: what the night did, the packs it made, and what was agreed in reviews."""

from reporting.models.job_run import JobRun
from reporting.models.qbr_action import QbrAction
from reporting.models.qbr_pack import QbrPack

__all__ = ["JobRun", "QbrAction", "QbrPack"]
