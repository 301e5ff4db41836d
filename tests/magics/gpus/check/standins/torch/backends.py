class mps:
    @staticmethod
    def is_available():
        return False
