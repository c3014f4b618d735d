"""The web service (extra ``serve``): routes and labels over HTTP, and answers Kakao chatbots."""
