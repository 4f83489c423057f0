using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Tests.Tokenization;

public class MergeTableTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(5000)]
    public void ATableGivesWhatADictionaryGives(int capacity)
    {
        Random random = new(4);
        MergeTable table = new(capacity);
        Dictionary<SymbolPair, Merge> expected = [];
        for (uint priority = 0; priority < 5000; priority++)
        {
            // Few symbols, so that pairs come again; negative ones stand for what is no token.
            SymbolPair pair = new(random.Next(-50, 50), random.Next(-50, 50));
            Merge merge = new(priority, random.Next(100_000));
            table.Add(pair, merge);
            expected.TryAdd(pair, merge);
        }
        for (int left = -51; left < 51; left++)
        {
            for (int right = -51; right < 51; right++)
            {
                SymbolPair pair = new(left, right);
                Assert.Equal(expected.TryGetValue(pair, out Merge merge), table.TryGet(pair, out Merge found));
                Assert.True(!expected.ContainsKey(pair) || merge == found);
            }
        }
    }
}
