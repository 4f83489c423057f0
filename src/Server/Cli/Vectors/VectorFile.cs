using System.Text;

namespace LocalLlm.Server.Cli.Vectors;

/// <summary>
/// A new file of vectors. It stands under its name only once it is complete: until then a file of that name stays as it was. A link stays a link, and its target
/// is replaced; a device or a pipe is never replaced, but written to.
/// </summary>
internal sealed class VectorFile : IDisposable
{
    private readonly string _path;
    private readonly string? _partial;
    private readonly FileStream _stream;
    private readonly StreamWriter? _text;
    private readonly ArrayPipe? _pipe;
    private bool _isComplete;

    /// <summary>Begins the file.</summary>
    /// <param name="path">Its name.</param>
    /// <param name="format">What to write.</param>
    /// <exception cref="CommandLineException">It cannot be written.</exception>
    public VectorFile(string path, VectorFormat format)
    {
        _path = Path.GetFullPath(path);
        if (Directory.Exists(_path))
        {
            throw new CommandLineException($"'{path}' is a folder: give the name of a file.");
        }
        try
        {
            if (OutputTarget.OpenSpecial(_path) is { } special)
            {
                _stream = special;
            }
            else
            {
                _path = OutputTarget.Resolve(_path);
                _partial = $"{_path}.{Path.GetRandomFileName()}.partial";
                _stream = new FileStream(_partial, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 1 << 16);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandLineException($"'{path}' cannot be written: {e.Message}");
        }
        _text = format == VectorFormat.Npy ? null : new StreamWriter(_stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
        _pipe = _partial is null && format == VectorFormat.Npy ? new ArrayPipe(_stream) : null;
        Vectors = _pipe ?? For(format, _text ?? TextWriter.Null, _stream);
    }

    /// <summary>Takes the vectors.</summary>
    public IVectorWriter Vectors { get; }

    /// <summary>A writer of text forms to any text, and of arrays to a stream that can seek.</summary>
    public static IVectorWriter For(VectorFormat format, TextWriter text, Stream? stream) => format switch
    {
        VectorFormat.Json => new JsonVectors(text),
        VectorFormat.Csv => new CsvVectors(text),
        _ => new NpyVectors(stream ?? throw new ArgumentNullException(nameof(stream))),
    };

    /// <summary>Ends the vectors and gives the completed file its name.</summary>
    public void Complete()
    {
        Vectors.End();
        _text?.Flush();
        _stream.Dispose();
        if (_partial is not null)
        {
            File.Move(_partial, _path, overwrite: true);
        }
        _isComplete = true;
    }

    /// <summary>Ends; of a file that is not complete nothing is left, but what went to a device or a pipe has gone.</summary>
    public void Dispose()
    {
        _pipe?.Dispose();
        _stream.Dispose();
        if (!_isComplete && _partial is not null)
        {
            File.Delete(_partial);
        }
    }
}
