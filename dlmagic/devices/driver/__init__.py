"""What stands between a framework and the GPU: device files, kernel module, driver libraries."""
