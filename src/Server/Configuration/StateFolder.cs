namespace LocalLlm.Server.Configuration;

/// <summary>
/// Where the program keeps what it writes down for itself and nobody moves to another machine, such as logs: <c>localllm</c> in <c>XDG_STATE_HOME</c>, by
/// default <c>~/.local/state</c> (XDG Base Directory Specification); on Windows and macOS in the folder for local application data.
/// </summary>
internal static class StateFolder
{
    private const string Name = "localllm";

    /// <summary>The folder, which need not be there.</summary>
    public static string Find(Func<string, string?> variable)
    {
        // The specification has relative paths ignored.
        if (new EnvironmentReader(variable).Text("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathRooted(state))
        {
            return Path.Combine(state, Name);
        }
        if (OperatingSystem.IsWindows() || OperatingSystem.IsMacOS())
        {
            return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), Name);
        }
        string home = variable("HOME") is { Length: > 0 } set ? set : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(home, ".local", "state", Name);
    }
}
