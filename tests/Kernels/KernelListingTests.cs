using LocalLlm.Gguf;
using LocalLlm.Kernels.Assembled;

namespace LocalLlm.Kernels.Tests;

public class KernelListingTests
{
    [Fact]
    public void EveryKernelForRowsOfTheFileIsListed()
    {
        StringWriter text = new();
        KernelListing.Write(text);
        string[] headings = [.. text.ToString().Split('\n').Where(line => line.StartsWith(';'))];
        Assert.Equal(headings.Length, headings.Distinct().Count());
        foreach (GgmlType type in RowAssembler.Types)
        {
            foreach (string tokens in new[] { "1 token x rows", "several tokens x 8 rows" })
            {
                Assert.Equal(RowAssembler.MaxTail(type) + 1, headings.Count(line => line.StartsWith($"; {type}: {tokens} of the file", StringComparison.Ordinal)));
            }
        }
        Assert.DoesNotContain("(bad)", text.ToString());
    }
}
