"""``python -m oscar_pingpayments.simulator``: serve until stopped."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from types import FrameType

from . import API_SECRET, MERCHANT_ID, TENANT_ID
from .server import make_server


def main(arguments: list[str] | None = None) -> int:
    """Serve, say where, and stop on Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m oscar_pingpayments.simulator",
        description="A local Ping Payments with PaymentIQ's card page, for development and tests.",
    )
    parser.add_argument("--host", default="127.0.0.1", choices=["127.0.0.1", "localhost", "::1"])
    parser.add_argument("--port", type=int, default=8001, help="0 takes a free one (default: 8001)")
    parser.add_argument(
        "--callbacks",
        default="send",
        choices=["send", "hold", "drop"],
        help="whether callbacks are sent at once (default), kept until delivered by hand, or lost",
    )
    options = parser.parse_args(arguments)
    try:
        server = make_server(options.host, options.port)
    except OSError as error:
        print(f"Port {options.port} cannot be used: {error.strerror}.", file=sys.stderr)  # noqa: T201
        return 1
    from .world import WORLD

    WORLD.manners.callbacks = options.callbacks

    def stop(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    address = f"http://{options.host}:{server.server_port}"
    print(f"The Ping simulator listens on {address}", flush=True)  # noqa: T201
    print(  # noqa: T201
        f"  BASE_URL     {address}/payments\n  TENANT_ID    {TENANT_ID}\n"
        f"  API_SECRET   {API_SECRET}\n  MERCHANT_ID  {MERCHANT_ID}",
        flush=True,
    )
    server.serve_forever(poll_interval=0.05)
    WORLD.reset()
    server.server_close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
