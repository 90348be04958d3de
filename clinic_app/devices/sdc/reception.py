"""Where an SDC device's reports come in: dealt with at once, on the connection's own thread.

The library's own way is a queue with a thread that never ends; a device that is called again for ever would leave one
behind each time.
"""

from __future__ import annotations

from sdc11073.consumer.request_handler_deferred import EmptyResponse
from sdc11073.dispatch import RequestData, RequestDispatcher


class Reception(RequestDispatcher):  # type: ignore[misc]
    """Gives each report to whoever takes it, and answers that it was taken."""

    def on_post(self, request_data: RequestData) -> EmptyResponse:
        """Take a report."""
        super().on_post(request_data)
        return EmptyResponse()
