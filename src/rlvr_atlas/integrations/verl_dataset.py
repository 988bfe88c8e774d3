"""A dataset class for verl that drops rows which leak a benchmark when the training files are read.

data.custom_cls.path=pkg://rlvr_atlas.integrations.verl_dataset
data.custom_cls.name=CleanRLHFDataset
+data.rlvr_atlas.drop=[leak]          any argument of LeakFilter, where the defaults are not wanted
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import Any

from omegaconf import ListConfig, OmegaConf
from verl.utils.dataset.rl_dataset import RLHFDataset

from rlvr_atlas.errors import InputError
from rlvr_atlas.integrations.leaks import LeakFilter

_LOG = logging.getLogger(__name__)


class CleanRLHFDataset(RLHFDataset):  # type: ignore[misc]  # verl is not there when types are checked
    """verl's dataset without the rows that leak.

    verl makes the validation set by the same class. Its files are benchmarks, so that only files which the
    configuration names as `train_files` lose rows.
    """

    def maybe_filter_out_long_prompts(self, dataframe: Any = None) -> Any:  # noqa: ANN401  a datasets.Dataset
        """Verl's step after reading: leaks go first, then what is too long.

        Raises:
            InputError: If nothing would be left, or a setting means nothing.
        """
        if self._is_for_training():
            dataframe = _without_leaks(dataframe, self._leaks())
        return super().maybe_filter_out_long_prompts(dataframe)

    def _leaks(self) -> LeakFilter:
        given = self.config.get("rlvr_atlas") or {}
        settings = OmegaConf.to_container(given) if OmegaConf.is_config(given) else dict(given)
        try:
            return LeakFilter(**settings)
        except TypeError as error:  # what Python says of an argument that is not there names it
            fix = "give arguments of LeakFilter"
            raise InputError(str(error).rpartition(" got ")[2], where="data.rlvr_atlas", fix=fix) from None

    def _is_for_training(self) -> bool:
        named = self.config.get("train_files")
        if named is None:
            return True
        listed = list(named) if isinstance(named, list | ListConfig) else [named]
        return set(self.original_data_files) <= set(listed)


def _without_leaks(rows: Any, leaks: LeakFilter) -> Any:  # noqa: ANN401
    found = leaks.find(rows)
    gone = found.filter(found["reason"].is_in(leaks.drop))
    named = ", ".join(f"{name} ({count})" for name, count in Counter(gone["benchmark"]).most_common())
    if gone.height == len(rows):
        raise InputError(
            "every row leaks a benchmark", where="data.train_files", fix=f"look at them: {named}"
        )
    if gone.height:
        _LOG.warning("%s of %s training rows dropped, they leak: %s", gone.height, len(rows), named)
    dropped = set(gone["row"])
    return rows.select([at for at in range(len(rows)) if at not in dropped])
