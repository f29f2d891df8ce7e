"""For WSGI servers: `waitress-serve wsgi:application`. `xiaohao run` needs no such file."""

from tracker import create_app

application = create_app()
