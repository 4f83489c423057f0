using System.Text.Json;
using LocalLlm.Engine.Tests.Models;
using LocalLlm.Kernels;
using LocalLlm.Tests;
using Xunit.Abstractions;

namespace LocalLlm.Engine.Tests.Encoders;

/// <summary>Whether a search finds with the bundled Q8_0 file what it finds with the F16 file (tests/Vectors/embeddings).</summary>
public sealed class NearestNeighbourTests(ITestOutputHelper output)
{
    private const int Compared = 5;
    private const int ScalarStep = 5;

    private static readonly string[] s_sentences = File.ReadAllLines(RepoPaths.Vector("embeddings", "sentences.txt"));
    private static readonly Nearest[] s_expected =
        [.. File.ReadLines(RepoPaths.Vector("embeddings", "nearest-f16.jsonl")).Select(line => JsonSerializer.Deserialize<Nearest>(line, JsonSerializerOptions.Web)!)];

    /// <summary>The bundled file, and the F16 file if <c>LOCALLLM_ALL_MINILM</c> names it, at every level.</summary>
    public static TheoryData<string, SimdLevel> Cases
    {
        get
        {
            string[] files = [Path.Combine(RepoPaths.Root, "models", "all-MiniLM-L6-v2.Q8_0.gguf"), Environment.GetEnvironmentVariable("LOCALLLM_ALL_MINILM") ?? ""];
            TheoryData<string, SimdLevel> data = [];
            foreach (string file in files.Where(path => path.Length > 0))
            {
                foreach (SimdLevel level in Engines.Levels)
                {
                    data.Add(file, level);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task TheNearestSentencesAreThoseOfTheF16File(string file, SimdLevel level)
    {
        // The scalar level would take minutes: it has fewer queries, which choose among the sentences that they and others have near.
        Nearest[] asked = [.. s_expected.Where((_, i) => level != SimdLevel.Scalar || i % ScalarStep == 0)];
        int[] lines = level == SimdLevel.Scalar ? [.. asked.SelectMany(one => one.Lines).Distinct().Order()] : [.. Enumerable.Range(1, s_sentences.Length)];
        await using ITextEngine engine = TextEngines.Open(file, new ModelOptions { Simd = level, Threads = 2 });
        EmbeddingResult sentences = await engine.EmbedAsync(new EmbeddingRequest { Inputs = [.. lines.Select(line => s_sentences[line - 1])] });
        EmbeddingResult queries = await engine.EmbedAsync(new EmbeddingRequest { Inputs = [.. asked.Select(one => one.Query)] });
        int same = 0;
        double largestSwap = 0, largestChange = 0;
        foreach ((Nearest expected, float[] query) in asked.Zip(queries.Vectors))
        {
            Dictionary<int, double> cosines = lines.Zip(sentences.Vectors).ToDictionary(pair => pair.First, pair => Agreement.Cosine(query, pair.Second));
            int[] found = [.. lines.OrderByDescending(line => cosines[line]).Take(Compared)];
            int[] wanted = expected.Lines[..Compared];
            same += found.Intersect(wanted).Count();
            largestSwap = Math.Max(largestSwap, LargestSwap(expected, cosines, [.. found.Union(wanted)]));
            largestChange = Math.Max(largestChange, expected.Lines.Zip(expected.Cosines, (line, cosine) => Math.Abs(cosines[line] - cosine)).Max());
        }
        double share = (double)same / (Compared * asked.Length);
        output.WriteLine($"{engine.Description.Quantization} {SimdLevels.Name(level)}: {share:P1} the same, swapped up to {largestSwap:F5} apart, cosines off by up to {largestChange:F5}");
        bool original = engine.Description.Quantization == "F16";
        Assert.InRange(share, original ? 1 : 0.95, 1);
        Assert.InRange(largestSwap, 0, original ? 0.00001 : 0.01);
        Assert.InRange(largestChange, 0, original ? 0.00001 : 0.02);
    }

    [Fact]
    public void ThereAreFiveHundredSentencesAndFiftyQueries()
    {
        Assert.Equal(500, s_sentences.Distinct().Count());
        Assert.Equal(File.ReadAllLines(RepoPaths.Vector("embeddings", "queries.txt")), s_expected.Select(one => one.Query));
        Assert.Equal(50, s_expected.Select(one => one.Query).Distinct().Count());
        Assert.All(s_expected, one => Assert.Equal(one.Cosines.OrderDescending(), one.Cosines));
    }

    /// <summary>How far apart the F16 cosines are of two neighbours, at most, that stand the other way round here.</summary>
    private static double LargestSwap(Nearest expected, Dictionary<int, double> cosines, int[] neighbours)
    {
        double largest = 0;
        foreach (int a in neighbours)
        {
            foreach (int b in neighbours.Where(b => cosines[b] > cosines[a]))
            {
                largest = Math.Max(largest, expected.Cosine(a) - expected.Cosine(b));
            }
        }
        return largest;
    }

    private sealed record Nearest(string Query, int[] Lines, double[] Cosines)
    {
        /// <summary>The F16 cosine of a sentence; infinitely low for one that is not listed, so that finding it is too large a swap.</summary>
        public double Cosine(int line) => Array.IndexOf(Lines, line) is >= 0 and int at ? Cosines[at] : double.NegativeInfinity;
    }
}
