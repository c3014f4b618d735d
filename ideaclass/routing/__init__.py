"""The parts of the router: characters, places, requests, intents, scope, policy; `ideaclass.route` composes them."""
