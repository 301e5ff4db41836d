"""Why a device is not seen: one small file for each cause, or family of causes."""
