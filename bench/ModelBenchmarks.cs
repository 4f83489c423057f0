using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using LocalLlm.Engine;
using LocalLlm.Engine.Generation;
using LocalLlm.Kernels;

namespace LocalLlm.Bench;

/// <summary>
/// A model end to end without text: a prompt of <see cref="PromptTokens"/>, and <see cref="AnswerTokens"/> one at a time, each after nothing.
/// Measures the forward pass and the head; <c>localllm bench</c> does the same at any depth.
/// </summary>
[MemoryDiagnoser]
[Config(typeof(Throughput))]
public class ModelBenchmarks : IDisposable
{
    /// <summary>Tokens of a prompt.</summary>
    public const int PromptTokens = 512;

    /// <summary>Tokens of an answer.</summary>
    public const int AnswerTokens = 32;

    private readonly int[] _tokens = new int[PromptTokens];
    private LanguageModel _model = null!;
    private SequenceDecoder _decoder = null!;

    /// <summary>The model.</summary>
    [ParamsSource(nameof(Models))]
    public BenchModel Model { get; set; } = null!;

    /// <summary>Instructions in use.</summary>
    [ParamsSource(nameof(Levels))]
    public SimdLevel Level { get; set; }

    /// <summary>Threads.</summary>
    [ParamsSource(nameof(ThreadCounts))]
    public int Threads { get; set; }

    /// <summary>The models.</summary>
    public static IEnumerable<BenchModel> Models => Choices.Models;

    /// <summary>The levels: a prompt takes minutes at the scalar one, so that it must be asked for.</summary>
    public static IEnumerable<SimdLevel> Levels => Choices.Levels.Count == 1 ? Choices.Levels : Choices.Levels.Where(level => level != SimdLevel.Scalar);

    /// <summary>The numbers of threads.</summary>
    public static IEnumerable<int> ThreadCounts => Choices.ThreadCounts;

    /// <summary>Loads the model and draws tokens.</summary>
    [GlobalSetup]
    public void Load()
    {
        _model = LanguageModel.Load(Model.Path, new ModelOptions { Simd = Level, Threads = Threads });
        _decoder = _model.CreateDecoder(PromptTokens);
        Random random = new(1);
        for (int i = 0; i < _tokens.Length; i++)
        {
            _tokens[i] = random.Next(_model.Tokenizer.VocabularySize);
        }
    }

    /// <summary>Frees the model.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _decoder?.Dispose();
        _model?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>A prompt.</summary>
    [Benchmark]
    public float Prefill()
    {
        _decoder.Truncate(0);
        return _decoder.Evaluate(_tokens, CancellationToken.None)[0];
    }

    /// <summary>An answer.</summary>
    [Benchmark]
    public float Decode()
    {
        _decoder.Truncate(0);
        float last = 0;
        for (int i = 0; i < AnswerTokens; i++)
        {
            last = _decoder.Evaluate(_tokens.AsSpan(i, 1), CancellationToken.None)[0];
        }
        return last;
    }

    private sealed class Throughput : ManualConfig
    {
        public Throughput()
        {
            static bool IsPrefill(BenchmarkCase benchmark) => benchmark.Descriptor.WorkloadMethod.Name == nameof(Prefill);
            AddColumn(new ThroughputColumn("Tokens/s", benchmark => IsPrefill(benchmark) ? PromptTokens : AnswerTokens, "tokens", scale: 1));
            // A prompt reads the weights once and is bound by arithmetic.
            AddColumn(new BandwidthShareColumn(
                benchmark => IsPrefill(benchmark) ? double.NaN : (double)AnswerTokens * new FileInfo(((BenchModel)benchmark.Parameters[nameof(Model)]).Path).Length,
                benchmark => (int)benchmark.Parameters[nameof(Threads)]));
            SummaryStyle = SummaryStyle.Default.WithMaxParameterColumnWidth(48);
        }
    }
}
