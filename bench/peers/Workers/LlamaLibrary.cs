using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LocalLlm.Peers.Workers;

/// <summary>
/// The C API of llama.cpp, as far as measuring needs it. Its parameter structures change from release to release, so they cross as blocks of 512
/// bytes, and fields are found by their documented defaults. A function that returns a structure takes a hidden pointer to it as its first argument
/// and returns that pointer; a structure passed by value lies on the stack, where a longer block does no harm (System V ABI of x86-64).
/// </summary>
internal sealed unsafe class LlamaLibrary
{
    private readonly nint _ggmlBase;
    private readonly nint _ggml;
    private readonly nint _llama;
    private nint _threads;   // one pool for all contexts, which compute one at a time

    private LlamaLibrary(nint ggmlBase, nint ggml, nint llama, string folder)
    {
        (_ggmlBase, _ggml, _llama) = (ggmlBase, ggml, llama);
        ((delegate* unmanaged<delegate* unmanaged<int, byte*, void*, void>, void*, void>)Export("llama_log_set"))(&CaptureLog, null);
        fixed (byte* pointer = ZeroEnded(folder))
        {
            // Picks the CPU variant that suits this processor best.
            ((delegate* unmanaged<byte*, void>)NativeLibrary.GetExport(ggml, "ggml_backend_load_all_from_path"))(pointer);
        }
        ((delegate* unmanaged<void>)Export("llama_backend_init"))();
    }

    /// <summary>Lines that the library logged since the last look.</summary>
    public static List<string> Log { get; } = [];

    /// <summary>Loads the library from the folder of the npm package's binaries.</summary>
    public static LlamaLibrary Load(string folder)
    {
        nint ggmlBase = NativeLibrary.Load(Find(folder, "libggml-base"));
        nint ggml = NativeLibrary.Load(Find(folder, "libggml."));
        return new LlamaLibrary(ggmlBase, ggml, NativeLibrary.Load(Find(folder, "libllama.")), folder);
    }

    /// <summary>The release.</summary>
    public string Version => Text("llama_version");

    /// <summary>The variant for this processor that the library logged to have loaded: <c>libggml-cpu-zen4.so</c>.</summary>
    public static string Variant()
    {
        lock (Log)
        {
            return Path.GetFileName(Log.LastOrDefault(line => line.Contains("libggml-cpu-", StringComparison.Ordinal)) ?? "unknown variant");
        }
    }

    /// <summary>Loads a model.</summary>
    /// <param name="path">A GGUF file.</param>
    /// <param name="repack">Whether weights may be rearranged into a copy for faster products.</param>
    public nint LoadModel(string path, bool repack)
    {
        Block parameters = default;
        ((delegate* unmanaged<Block*, Block*>)Export("llama_model_default_params"))(&parameters);
        if (!repack)
        {
            // The structure ends with its switches, of which use_extra_bufts alone is on by default, after pointers that are null.
            int at = parameters.Bytes.LastIndexOf((byte)1);
            Require(at >= 64 && !parameters.Bytes[(at + 1)..].ContainsAnyExcept((byte)0) && parameters.Bytes[at - 1] == 0, "llama_model_params");
            parameters.Bytes[at] = 0;
        }
        fixed (byte* pointer = ZeroEnded(path))
        {
            nint model = ((delegate* unmanaged<byte*, Block, nint>)Export("llama_model_load_from_file"))(pointer, parameters);
            return model != 0 ? model : throw new InvalidOperationException($"llama.cpp could not load '{path}': {string.Join(' ', Log.TakeLast(3))}");
        }
    }

    /// <summary>Makes a context.</summary>
    /// <param name="model">The model.</param>
    /// <param name="positions">Most positions of all sequences together; also the most tokens of one call.</param>
    /// <param name="tuning">What serves it best.</param>
    /// <param name="threads">Threads that compute.</param>
    public nint CreateContext(nint model, int positions, PeerTuning tuning, int threads)
    {
        Block parameters = default;
        ((delegate* unmanaged<Block*, Block*>)Export("llama_context_default_params"))(&parameters);
        Span<int> fields = MemoryMarshal.Cast<byte, int>(parameters.Bytes);

        // n_ctx, n_batch, n_ubatch, n_seq_max; further on the two thread counts, the only fields of 4; then the context's kind (0) and four
        // choices left to the library (-1): RoPE scaling, pooling, attention, flash attention.
        Require(fields[..4].SequenceEqual([512, 2048, 512, 1]), "llama_context_params");
        int threadsAt = fields.IndexOf([4, 4, 0, -1, -1, -1, -1]);
        Require(threadsAt is > 3 and < 16, "llama_context_params");
        fields[0] = fields[1] = positions;
        fields[2] = tuning.MicroBatch;
        fields[3] = tuning.Sequences;
        fields[threadsAt] = fields[threadsAt + 1] = threads;
        fields[threadsAt + 6] = tuning.FlashAttention;
        nint context = ((delegate* unmanaged<nint, Block, nint>)Export("llama_init_from_model"))(model, parameters);
        Require(context != 0, "llama_init_from_model");
        Require(Number("llama_n_ctx", context) >= positions && Number("llama_n_batch", context) >= positions, "llama_n_ctx");
        Require(Number("llama_n_ubatch", context) == Math.Min(tuning.MicroBatch, Number("llama_n_batch", context)), "llama_n_ubatch");
        Require(Number("llama_n_seq_max", context) == tuning.Sequences, "llama_n_seq_max");
        Require(Number("llama_n_threads", context) == threads && Number("llama_n_threads_batch", context) == threads, "llama_n_threads");
        if (tuning.KeepThreads)
        {
            KeepThreads(context, threads);
        }
        return context;
    }

    /// <summary>Number of tokens in a model's vocabulary.</summary>
    public int VocabularySize(nint model) => (int)Number("llama_vocab_n_tokens", Vocabulary(model));

    /// <summary>A model's vocabulary.</summary>
    public nint Vocabulary(nint model) => ((delegate* unmanaged<nint, nint>)Export("llama_model_get_vocab"))(model);

    /// <summary>The calls of the loops, looked up once.</summary>
    public LlamaCalls Calls(nint context) => new()
    {
        Memory = ((delegate* unmanaged<nint, nint>)Export("llama_get_memory"))(context),
        BatchOfTokens = (delegate* unmanaged<Block*, int*, int, Block*>)Export("llama_batch_get_one"),
        Decode = (delegate* unmanaged<nint, Block, int>)Export("llama_decode"),
        Logits = (delegate* unmanaged<nint, int, float*>)Export("llama_get_logits_ith"),
        Remove = (delegate* unmanaged<nint, int, int, int, byte>)Export("llama_memory_seq_rm"),
    };

    /// <summary>Ends a context.</summary>
    public void FreeContext(nint context) => ((delegate* unmanaged<nint, void>)Export("llama_free"))(context);

    /// <summary>Unloads a model.</summary>
    public void FreeModel(nint model) => ((delegate* unmanaged<nint, void>)Export("llama_model_free"))(model);

    /// <summary>An exported function of the library.</summary>
    internal nint Export(string name) => NativeLibrary.GetExport(_llama, name);

    /// <summary>Says so if the library is not as this code knows it.</summary>
    /// <exception cref="NotSupportedException">The condition does not hold.</exception>
    internal static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new NotSupportedException($"This release of llama.cpp has another {what}: fields are not where their defaults say.");
        }
    }

    /// <summary>Gives a context threads that stay, as llama.cpp's own programs do; without, threads are made and ended for every call.</summary>
    private void KeepThreads(nint context, int threads)
    {
        if (_threads == 0)
        {
            _threads = NewThreads(threads);
        }
        ((delegate* unmanaged<nint, nint, nint, void>)Export("llama_attach_threadpool"))(context, _threads, 0);
    }

    private nint NewThreads(int threads)
    {
        Block* parameters = stackalloc Block[2]; // 512 bytes of it are the mask of processors
        ((delegate* unmanaged<Block*, int, void>)NativeLibrary.GetExport(_ggmlBase, "ggml_threadpool_params_init"))(parameters, threads);
        nint cpu, create;
        fixed (byte* name = "CPU\0"u8, function = "ggml_threadpool_new\0"u8)
        {
            cpu = ((delegate* unmanaged<byte*, nint>)NativeLibrary.GetExport(_ggml, "ggml_backend_reg_by_name"))(name);
            create = ((delegate* unmanaged<nint, byte*, nint>)NativeLibrary.GetExport(_ggmlBase, "ggml_backend_reg_get_proc_address"))(cpu, function);
        }
        Require(create != 0, "ggml_threadpool_new");
        return ((delegate* unmanaged<Block*, nint>)create)(parameters);
    }

    private static byte[] ZeroEnded(string text) => [.. System.Text.Encoding.UTF8.GetBytes(text), 0];

    private static string Find(string folder, string prefix) =>
        Directory.EnumerateFiles(folder, prefix + "*so").Order(StringComparer.Ordinal).FirstOrDefault()
        ?? throw new FileNotFoundException($"There is no {prefix}*so in '{folder}'.");

    [UnmanagedCallersOnly]
    private static void CaptureLog(int level, byte* text, void* user)
    {
        lock (Log)
        {
            Log.Add(Marshal.PtrToStringUTF8((nint)text)!.Trim());
        }
    }

    private uint Number(string function, nint argument) => ((delegate* unmanaged<nint, uint>)Export(function))(argument);

    private string Text(string function) => Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)Export(function))())!.Trim();

    /// <summary>A structure whose fields are not known; longer than all that cross.</summary>
    [InlineArray(512)]
    internal struct Block
    {
        private byte _first;

        /// <summary>The bytes.</summary>
        [UnscopedRef]
        public Span<byte> Bytes => this;
    }
}
