def get_build_info():
    return {"cuda_compute_capabilities": ["sm_80", "sm_89", "compute_90"]}
