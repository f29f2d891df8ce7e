"""For WSGI servers: `waitress-serve wsgi:application`. `xiaohao run` needs no such file."""

import gc

from tracker import create_app

application = create_app()
gc.freeze()  # all that was loaded: no look for garbage goes through it any more, which halts a page for 0.1 s
