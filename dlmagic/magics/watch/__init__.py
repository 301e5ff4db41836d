"""``%watch``, ``%%watch``, ``%unwatch`` and ``%summary``: every layer while a model trains."""
