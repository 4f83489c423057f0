using System.Net;
using LocalLlm.Server.Http;

namespace LocalLlm.Server.Tests.Http;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("192.168.1.7", "192.168.1.7")]
    [InlineData("::ffff:192.168.1.7", "192.168.1.7")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    public void IsTheSameHoweverItCameIn(string address, string text) => Assert.Equal(text, ClientAddress.Of(IPAddress.Parse(address)));

    [Fact]
    public void IsEmptyWhereThereIsNone() => Assert.Equal("", ClientAddress.Of((IPAddress?)null));
}
