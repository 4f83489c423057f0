using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Tests.Configuration;

public sealed class ByteSizeTests
{
    [Theory]
    [InlineData("1", 1)]
    [InlineData("4GiB", 4L << 30)]
    [InlineData("4g", 4L << 30)]
    [InlineData(" 1.5 GB ", 1_500_000_000)]
    [InlineData("512MiB", 512L << 20)]
    [InlineData("512mb", 512_000_000)]
    public void SizesAreRead(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out long read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("GiB")]
    [InlineData("0")]
    [InlineData("-1G")]
    [InlineData("1.2.3G")]
    [InlineData("5 lightyears")]
    [InlineData("99999999999T")]
    public void OthersAreNot(string text) => Assert.False(ByteSize.TryParse(text, out _));
}
