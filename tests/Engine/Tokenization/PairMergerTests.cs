using LocalLlm.Engine.Tokenization;

namespace LocalLlm.Engine.Tests.Tokenization;

public class PairMergerTests
{
    /// <summary>The queue against the definition: look at all pairs, join the best, begin again.</summary>
    [Fact]
    public void TheQueueGivesWhatTheDefinitionGives()
    {
        Random random = new(3);
        for (int round = 0; round < 300; round++)
        {
            MergeTable merges = new(0);
            for (int token = 4; token < 24; token++)
            {
                // Few priorities, so that many pairs tie.
                merges.Add(new SymbolPair(random.Next(token), random.Next(token)), new Merge((uint)random.Next(6), token));
            }
            PairMerger merger = new(merges);
            for (int word = 0; word < 20; word++)
            {
                int[] symbols = [.. Enumerable.Range(0, random.Next(0, 60)).Select(_ => random.Next(4))];
                merger.Symbols.Clear();
                merger.Symbols.AddRange(symbols);
                merger.Merge();
                Assert.Equal(Define([.. symbols], merges), merger.Symbols);
            }
        }
    }

    private static List<int> Define(List<int> symbols, MergeTable merges)
    {
        while (true)
        {
            (int At, Merge Merge)? best = null;
            for (int at = 0; at + 1 < symbols.Count; at++)
            {
                if (merges.TryGet(new SymbolPair(symbols[at], symbols[at + 1]), out Merge merge) && (best is null || merge.Priority < best.Value.Merge.Priority))
                {
                    best = (at, merge);
                }
            }
            if (best is not { } join)
            {
                return symbols;
            }
            symbols[join.At] = join.Merge.Token;
            symbols.RemoveAt(join.At + 1);
        }
    }
}
