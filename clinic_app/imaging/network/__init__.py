"""The image network: devices that send images, ask for the day's orders, and servers images are sent to."""

from clinic_app.imaging.network.peers import Peer, WebServer, peer_of, server_of, table_of, table_of_server

__all__ = ["Peer", "WebServer", "peer_of", "server_of", "table_of", "table_of_server"]
