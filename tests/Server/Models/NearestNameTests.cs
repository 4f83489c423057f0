using LocalLlm.Server.Models;

namespace LocalLlm.Server.Tests.Models;

/// <summary>Mistyped names.</summary>
public class NearestNameTests
{
    [Theory]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("", "abc", 3)]
    [InlineData("abc", "", 3)]
    [InlineData("Same", "sAME", 0)]
    [InlineData("form", "from", 1)]
    [InlineData("ca", "abc", 3)]
    [InlineData("flaw", "lawn", 2)]
    public void Distances_count_typing_errors(string a, string b, int distance)
    {
        Assert.Equal(distance, NearestName.Distance(a, b));
        Assert.Equal(distance, NearestName.Distance(b, a));
    }

    [Theory]
    [InlineData("top_o", "top_k")]
    [InlineData("TOPP", "top_p")]
    [InlineData("temprature", "temperature")]
    [InlineData("xyz", null)]
    [InlineData("temp", null)]
    public void The_nearest_is_found_if_it_is_near(string name, string? expected) =>
        Assert.Equal(expected, NearestName.Of(name, ["top_k", "top_p", "temperature"]));
}
