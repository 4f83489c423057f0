using LocalLlm.Server.Configuration;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Cli;

/// <summary><c>doctor --store</c>: every blob of the model store is read again and compared with its digest.</summary>
internal static class StoreReport
{
    /// <summary>Writes a line for each blob as soon as it has been read.</summary>
    /// <exception cref="CommandLineException">Something is damaged; the lines before say what.</exception>
    public static void Write(CliHost host, CancellationToken cancellationToken)
    {
        OllamaEnvironment environment = OllamaEnvironment.Read(host.Variable);
        ModelStore store = new(environment.Models, environment.StoreReadOnly);
        StoreListing list = store.List();
        host.Out.WriteLine($"store      {store.Root}{(store.IsReadOnly ? " (read-only)" : "")}");
        host.Out.WriteLine($"models     {list.Models.Count}");
        int damages = list.Broken.Count;
        foreach (string broken in list.Broken)
        {
            host.Out.WriteLine($"broken     {broken}");
        }
        foreach (BlobVerdict verdict in StoreVerification.Run(store, cancellationToken))
        {
            damages += verdict.IsDamage ? 1 : 0;
            host.Out.WriteLine($"{verdict.Digest.Short}    {Say(verdict.State),-18}    {string.Join(", ", verdict.Models)}".TrimEnd());
        }
        if (damages > 0)
        {
            throw new CommandLineException($"{damages} {(damages == 1 ? "part" : "parts")} of the model store '{store.Root}' {(damages == 1 ? "is" : "are")} damaged: delete the models that use them with 'localllm rm', then fetch them again");
        }
    }

    private static string Say(BlobState state) => state switch
    {
        BlobState.Right => "right",
        BlobState.Unused => "right, unused",
        BlobState.Changed => "wrong bytes",
        BlobState.WrongSize => "wrong size",
        BlobState.Missing => "missing",
        _ => "cannot be read",
    };
}
