"""Every setting: what a person may write below `sepack:` in Invoke's own file or in INVOKE_SEPACK_*."""

from sepack.settings.check import check_settings_file, read_settings
from sepack.settings.knobs import DEFAULTS, SettingError, Settings, read_value

__all__ = ["DEFAULTS", "SettingError", "Settings", "check_settings_file", "read_settings", "read_value"]
