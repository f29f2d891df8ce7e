"""For a server of WSGI applications with several workers, such as gunicorn: `tracker.wsgi:app`.

Each worker comes by to look whether there is work for the clockwork; the lease in the database lets one of them do it.
The workers must load the application themselves (no preloading): threads do not outlive a fork.
"""

import atexit

from tracker import clock, create_app, jobs

app = create_app()
atexit.register(jobs.start(app.extensions["house"], clock.now))
