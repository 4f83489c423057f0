using System.Net;

namespace LocalLlm.Server.Http;

/// <summary>Who a client is as far as taking turns goes: its address without the port, the same text however the address came in.</summary>
internal static class ClientAddress
{
    /// <summary>The address; empty where the transport has none.</summary>
    public static string Of(HttpContext context) => Of(context.Connection.RemoteIpAddress);

    /// <summary>The address as text. An IPv4 address that a socket for both families shows as IPv6 is the IPv4 address.</summary>
    public static string Of(IPAddress? address) =>
        address is null ? "" : (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
}
