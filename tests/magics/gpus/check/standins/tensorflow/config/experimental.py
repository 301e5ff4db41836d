def get_device_details(device):
    return {"device_name": "NVIDIA H100 80GB HBM3", "compute_capability": (9, 0)}
