"""The parts of the router: characters, places, requests, intents, scope, policy; `ideaclass.route` composes them."""

KIND = "router"
"""Kind of a stored router."""

SUFFIX = "-router"
"""What a router's name adds to that of its domain."""

FINE = "정상"
"""Label of messages that are not abusive."""
