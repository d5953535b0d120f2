"""wasi:sockets: there is a network, and it lets nobody in."""

from agent.guest import wasi_sockets_instance_network as instance
from agent.guest import wasi_sockets_ip_name_lookup as lookup
from agent.guest import wasi_sockets_tcp_create_socket as tcp
from agent.guest import wasi_sockets_udp_create_socket as udp
from agent.types.wasi_sockets_network import ErrorCode, ErrorCodeError, IpAddressFamily

from .failing import failure


def cover(_: str) -> None:
    with instance.instance_network() as network:
        try:
            with lookup.resolve_addresses(network, "127.0.0.1") as found:
                with found.subscribe() as ready:
                    ready.block()
                found.resolve_next_address()
        except ErrorCodeError as error:
            print("resolve-addresses:", error.value)
    for create in (tcp.create_tcp_socket, udp.create_udp_socket):
        assert failure(ErrorCodeError, create, IpAddressFamily.IPV4).value is ErrorCode.ACCESS_DENIED
