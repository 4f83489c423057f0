using LocalLlm.Gguf;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Tests.Encoders;

/// <summary>BERT's forward pass in double precision, written from the paper, a matrix at a time: what the engine's encoder must give.</summary>
internal sealed unsafe class EncoderReference(string path) : IDisposable
{
    private readonly GgufFile _file = GgufFile.Open(path);

    /// <summary>Final states, [tokens][width].</summary>
    public double[][] States(int[] tokens) => PairStates(tokens, tokens.Length);

    /// <summary>Final states where the tokens from <paramref name="first"/> on are of type 1.</summary>
    public double[][] PairStates(int[] tokens, int first)
    {
        double[][] words = Tensor("token_embd.weight"), positions = Tensor("position_embd.weight"), types = Tensor("token_types.weight");
        double[][] x = [.. tokens.Select((token, at) => Norm([.. words[token].Select((w, i) => w + positions[at][i] + types[at < first ? 0 : 1][i])], "token_embd_norm"))];
        for (int block = 0; block < SmallEncoder.Blocks; block++)
        {
            string name = $"blk.{block}.";
            double[][] mixed = Attention(Linear(x, $"{name}attn_q"), Linear(x, $"{name}attn_k"), Linear(x, $"{name}attn_v"));
            x = Residual(x, Linear(mixed, $"{name}attn_output"), $"{name}attn_output_norm");
            double[][] inner = [.. Linear(x, $"{name}ffn_up").Select(row => row.Select(v => v * Phi(v)).ToArray())];
            x = Residual(x, Linear(inner, $"{name}ffn_down"), $"{name}layer_output_norm");
        }
        return x;
    }

    /// <summary>A cross-encoder's score of a pair.</summary>
    public double Score(int[] tokens, int first)
    {
        double[][] state = PairStates(tokens, first)[..1];
        double[][] pooled = _file.Find("cls.weight") is null ? state : [[.. Linear(state, "cls")[0].Select(Math.Tanh)]];
        return 1 / (1 + Math.Exp(-Linear(pooled, "cls.output")[0][0]));
    }

    /// <summary>A vector at length 1.</summary>
    public static float[] Unit(double[] vector)
    {
        double length = Math.Sqrt(vector.Sum(v => v * v));
        return [.. vector.Select(v => (float)(v / length))];
    }

    public void Dispose() => _file.Dispose();

    private static double[][] Attention(double[][] q, double[][] k, double[][] v)
    {
        const int head = SmallEncoder.Width / SmallEncoder.Heads;
        return [.. q.Select(query => Enumerable.Range(0, SmallEncoder.Width).Select(i =>
        {
            int from = i / head * head;
            double[] e = [.. k.Select(key => Math.Exp(Enumerable.Range(from, head).Sum(d => query[d] * key[d]) / Math.Sqrt(head)))];
            return e.Select((weight, j) => weight * v[j][i]).Sum() / e.Sum();
        }).ToArray())];
    }

    // The integral of the density from 0 by Simpson's rule in steps of 1/200: errors below 1e-12 where activations lie.
    private static double Phi(double x)
    {
        const int steps = 2000;
        double size = Math.Min(Math.Abs(x), 10), h = size / steps, sum = 0;
        for (int i = 0; i <= steps; i++)
        {
            double weight = i is 0 or steps ? 1 : i % 2 == 1 ? 4 : 2;
            sum += weight * Math.Exp(-0.5 * (i * h) * (i * h));
        }
        return 0.5 + (Math.Sign(x) * sum * h / 3 / Math.Sqrt(2 * Math.PI));
    }

    private double[][] Residual(double[][] x, double[][] y, string norm) =>
        [.. x.Select((row, at) => Norm([.. row.Select((v, i) => v + y[at][i])], norm))];

    private double[] Norm(double[] x, string name)
    {
        double mean = x.Average(), deviation = Math.Sqrt(x.Average(v => (v - mean) * (v - mean)) + 1e-12);
        double[] weight = Tensor($"{name}.weight")[0], bias = Tensor($"{name}.bias")[0];
        return [.. x.Select((v, i) => ((v - mean) / deviation * weight[i]) + bias[i])];
    }

    private double[][] Linear(double[][] x, string name)
    {
        double[][] w = Tensor($"{name}.weight");
        double[] bias = Tensor($"{name}.bias")[0];
        return [.. x.Select(row => w.Select((weights, r) => weights.Select((v, i) => v * row[i]).Sum() + bias[r]).ToArray())];
    }

    private double[][] Tensor(string name)
    {
        GgufTensor tensor = _file.Get(name);
        float[] values = new float[tensor.ElementCount];
        RowDecoder.Decode(tensor.Type, new ReadOnlySpan<byte>(tensor.Data, (int)tensor.ByteLength), values);
        return [.. values.Select(v => (double)v).Chunk((int)tensor.Columns)];
    }
}
