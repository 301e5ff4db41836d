class OpError(Exception):
    pass
