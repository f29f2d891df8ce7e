"""For a server of WSGI applications with several workers, such as gunicorn: `tracker.wsgi:app`.

Each worker comes by to look whether there is work for the clockwork; the lease in the database lets one of them do it.
The workers must load the application themselves (no preloading): threads do not outlive a fork.
"""

import atexit
import gc

from tracker import clock, create_app, jobs

app = create_app()
gc.freeze()  # all that was loaded: no look for garbage goes through it any more, which halts a page for 0.1 s
atexit.register(jobs.start(app.extensions["house"], clock.now))
