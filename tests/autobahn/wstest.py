# Autobahn's `wstest`, but that its server selects the subprotocol that it is offered, as a pikku server does.

from autobahntestsuite import wstest
from autobahntestsuite.fuzzing import FuzzingServerProtocol

on_connect = FuzzingServerProtocol.onConnect


def select(self, request):
    on_connect(self, request)
    return request.protocols[0] if request.protocols else None


FuzzingServerProtocol.onConnect = select
wstest.run()
