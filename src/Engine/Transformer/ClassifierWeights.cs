using LocalLlm.Kernels;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Transformer;

/// <summary>
/// The classification head of a model that ranks, as GGUF names its tensors: <c>cls</c>, a dense layer with tanh (BERT's pooler, Devlin et al. 2018; may be
/// missing), and <c>cls.output</c>. Float32 copies: a head is small, and computes one state for each text.
/// </summary>
public sealed class ClassifierWeights
{
    private const string OutputName = "cls.output.weight";

    private readonly int _width;
    private readonly float[] _dense, _denseBias;        // [width, width], [width]; empty without the layer
    private readonly float[] _output, _outputBias;      // [labels, width], [labels]

    private ClassifierWeights(TensorReader tensors, int width, int labels)
    {
        _width = width;
        _dense = tensors.Has("cls.weight") ? Decode(tensors.Matrix("cls.weight", width, width)) : [];
        _denseBias = _dense.Length > 0 ? tensors.OptionalVector("cls.bias", width) : [];
        _output = Decode(tensors.Matrix(OutputName, labels, width));
        _outputBias = tensors.OptionalVector("cls.output.bias", labels);
    }

    /// <summary>Logits that the head gives.</summary>
    public int Labels => _output.Length / _width;

    /// <summary>Whether a file has a head.</summary>
    public static bool In(Gguf.GgufFile file) => file.Find(OutputName) is not null;

    /// <summary>The logits of a text [labels].</summary>
    /// <param name="state">Final state of the token that stands for the text [width].</param>
    public float[] Logits(ReadOnlySpan<float> state)
    {
        float[] hidden = state.ToArray();
        if (_dense.Length > 0)
        {
            hidden = Linear(_dense, _denseBias, state);
            for (int i = 0; i < hidden.Length; i++)
            {
                hidden[i] = (float)PortableMath.Tanh(hidden[i]);
            }
        }
        return Linear(_output, _outputBias, hidden);
    }

    /// <summary>Takes the head out of a file that has one.</summary>
    /// <exception cref="TextEngineException">A tensor has the wrong shape or a type without a decoder.</exception>
    internal static ClassifierWeights Read(TensorReader tensors, int width) => new(tensors, width, tensors.Rows(OutputName));

    private static float[] Linear(float[] weight, float[] bias, ReadOnlySpan<float> x)
    {
        float[] y = new float[weight.Length / x.Length];
        for (int row = 0; row < y.Length; row++)
        {
            y[row] = (float)(PortableMath.Dot(weight.AsSpan(row * x.Length, x.Length), x) + (bias.Length > 0 ? bias[row] : 0));
        }
        return y;
    }

    private static unsafe float[] Decode(WeightMatrix matrix)
    {
        var values = new float[checked(matrix.Rows * matrix.Columns)];
        RowDecoder.Decode(matrix.Type, new ReadOnlySpan<byte>(matrix.Data, checked((int)(matrix.RowBytes * matrix.Rows))), values);
        return values;
    }
}
