using LocalLlm.Engine.Synthesis;

namespace LocalLlm.Peers.Rows;

/// <summary>All rows, in the order of measuring.</summary>
internal static class RowTable
{
    private const int Depth = 8192;
    private const int FirstTokenPrompt = 16;
    private static readonly Target Twice = new(2.0);
    private static readonly Target Fifth = new(1.2);

    /// <summary>The rows.</summary>
    public static IReadOnlyList<BenchRow> All { get; } = [.. Rows()];

    private static IEnumerable<BenchRow> Rows()
    {
        BenchModel bundled = BenchModel.SmolLm2;
        yield return new(bundled, Work.Prefill, 512, 0, Twice, Quick: true);
        yield return new(bundled, Work.Decode, 128, 0, new(1.3), Quick: true);
        foreach (SyntheticMix mix in new[] { SyntheticMix.Q8_0, SyntheticMix.Q4_K_M })
        {
            foreach (BenchRow row in Small(mix).Concat(Large(mix)))
            {
                yield return row;
            }
        }
    }

    private static IEnumerable<BenchRow> Small(SyntheticMix mix)
    {
        BenchModel model = BenchModel.Synthetic("0.6B", "qwen3:0.6b", mix);
        yield return new(model, Work.Prefill, 512, 0, Twice, Quick: true);
        yield return new(model, Work.Prefill, 4096, 0, Twice, Quick: false);
        yield return new(model, Work.Decode, 64, 0, new(1.2, 0.8), Quick: true);
        yield return new(model, Work.Decode, 32, Depth, Fifth, Quick: mix == SyntheticMix.Q4_K_M);
    }

    private static IEnumerable<BenchRow> Large(SyntheticMix mix)
    {
        bool quick = mix == SyntheticMix.Q4_K_M;
        BenchModel model = BenchModel.Synthetic("4B", "qwen3:4b", mix);
        yield return new(model, Work.Prefill, 512, 0, Twice, quick);
        yield return new(model, Work.Decode, 32, 0, new(1.2, 0.9), quick);
        yield return new(model, Work.FirstToken, FirstTokenPrompt, 0, new(1.0), quick);
    }
}
