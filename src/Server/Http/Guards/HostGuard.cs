using System.Net;
using System.Net.NetworkInformation;

namespace LocalLlm.Server.Http.Guards;

/// <summary>
/// Refuses requests whose <c>Host</c> cannot be this machine's, while the server listens on loopback only: a web page whose name was pointed
/// ("rebound") to 127.0.0.1 would otherwise pass as same-origin and drive the server.
/// </summary>
internal static class HostGuard
{
    private static readonly string[] s_localSuffixes = [".localhost", ".local", ".internal"];

    /// <summary>Whether a request with this host (without port) may pass.</summary>
    public static bool Allows(string host)
    {
        if (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address))
        {
            return IsPrivate(address) || IsOwn(address);
        }
        return host.Length == 0
            || host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || host.Equals(Dns.GetHostName(), StringComparison.OrdinalIgnoreCase)
            || s_localSuffixes.Any(suffix => host.EndsWith(suffix, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The middleware: 403 without a body.</summary>
    public static Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (Allows(context.Request.Host.Host))
        {
            return next(context);
        }
        context.Response.StatusCode = StatusCodes.Status403Forbidden;
        return Task.CompletedTask;
    }

    /// <summary>Loopback, unspecified, or of the private ranges (RFC 1918, RFC 4193).</summary>
    private static bool IsPrivate(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }
        if (IPAddress.IsLoopback(address) || address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || address.IsIPv6UniqueLocal)
        {
            return true;
        }
        return address.GetAddressBytes() is [10, _, _, _] or [172, >= 16 and <= 31, _, _] or [192, 168, _, _];
    }

    private static bool IsOwn(IPAddress address) => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Any(own => own.Address.Equals(address));
}
