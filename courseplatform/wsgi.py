import os

from django.core.wsgi import get_wsgi_application

from courseplatform.hook import call_hook
from courseplatform.metrics.process_files import count_together

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "courseplatform.settings")
count_together(os.environ)  # before anything imports prometheus_client
call_hook("web")  # before Django reads its middleware, which a hook may add to
application = get_wsgi_application()

from courseplatform.metrics.minutes import start_writing  # noqa: E402 needs the models, which exist only now

start_writing()
