using LocalLlm.Server.Cli;

namespace LocalLlm.Server.Tests.Cli;

public sealed class WaitSignTests
{
    [Fact]
    public void ALongWaitIsShownAndGoes()
    {
        ManualTime time = new();
        CliUnderTest cli = new() { AtTerminal = true, Variables = { ["TERM"] = "xterm", ["WT_SESSION"] = "1" } };
        using (new WaitSign(cli.Host(), time, "loading"))
        {
            Assert.Equal("", cli.Error.ToString());
            time.Advance(TimeSpan.FromMilliseconds(300));
        }
        Assert.Equal("\rloading ⠋\e[K\r\e[K", cli.Error.ToString());
    }

    [Theory]
    [InlineData(false, "xterm")]
    [InlineData(true, "dumb")]
    public void PipesAndPlainTerminalsSeeNothing(bool atTerminal, string kind)
    {
        ManualTime time = new();
        CliUnderTest cli = new() { AtTerminal = atTerminal, Variables = { ["TERM"] = kind } };
        using (new WaitSign(cli.Host(), time))
        {
            time.Advance(TimeSpan.FromSeconds(3));
        }
        Assert.Equal("", cli.Error.ToString());
    }
}
