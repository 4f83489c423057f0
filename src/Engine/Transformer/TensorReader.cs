using LocalLlm.Gguf;
using LocalLlm.Kernels;
using LocalLlm.Quant;

namespace LocalLlm.Engine.Transformer;

/// <summary>Takes tensors out of a file by name with their shapes checked, and remembers which were taken.</summary>
internal sealed unsafe class TensorReader(GgufFile file)
{
    private readonly HashSet<string> _taken = [];

    /// <summary>Whether the file has a tensor.</summary>
    public bool Has(string name) => file.Find(name) is not null;

    /// <summary>Rows that a tensor of the file has.</summary>
    public int Rows(string name) => checked((int)file.Get(name).Rows);

    /// <summary>A matrix [rows, columns] that points into the mapped file.</summary>
    public WeightMatrix Matrix(string name, int rows, int columns)
    {
        GgufTensor tensor = Take(name, rows, columns);
        return new WeightMatrix(tensor.Type, rows, columns, tensor.Data);
    }

    /// <summary>A vector, decoded to float32.</summary>
    public float[] Vector(string name, int length)
    {
        GgufTensor tensor = Take(name, 1, length);
        var values = new float[length];
        RowDecoder.Decode(tensor.Type, new ReadOnlySpan<byte>(tensor.Data, checked((int)tensor.ByteLength)), values);
        return values;
    }

    /// <summary>A vector, or an empty array if the file does not have it.</summary>
    public float[] OptionalVector(string name, int length) => Has(name) ? Vector(name, length) : [];

    /// <summary>Refuses a file with tensors that nobody took: the model would compute something else than it was trained to.</summary>
    public void RefuseUnused(string architecture)
    {
        GgufTensor? unused = file.Tensors.FirstOrDefault(tensor => !_taken.Contains(tensor.Name));
        if (unused is not null)
        {
            throw Invalid($"tensor '{unused.Name}' is not part of the architecture '{architecture}' as supported here");
        }
    }

    private GgufTensor Take(string name, long rows, long columns)
    {
        GgufTensor tensor = file.Get(name);
        if (tensor.Columns != columns || tensor.Rows != rows)
        {
            throw Invalid($"tensor '{name}' is {tensor.Rows} x {tensor.Columns}, expected {rows} x {columns}");
        }
        if (!RowDecoder.Supports(tensor.Type))
        {
            throw Invalid($"tensor '{name}' has the type {GgmlTypes.Name(tensor.Type)}, which is not supported");
        }
        _taken.Add(name);
        return tensor;
    }

    private static TextEngineException Invalid(string what) =>
        new(TextEngineErrorKind.InvalidModel, $"This model cannot be loaded: {what}.");
}
