"""`manage.py up`: web, worker and clock as one supervised process tree.

`supervisor` starts and restarts the three programs `python -m portal.up.web`, `.worker` and
`.clock`, which also run on their own, one per container, in a larger deployment.
"""
