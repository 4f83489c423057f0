namespace LocalLlm.Server.Store;

/// <summary>When prompts are made with a stored model's <c>TEMPLATE</c> instead of the template in its file (<c>OLLAMA_GO_TEMPLATE</c>).</summary>
public enum GoTemplates
{
    /// <summary>Unless a request needs what only the file's template can do, or the model names a renderer that the file's template stands for.</summary>
    Preferred,

    /// <summary>Always, where there is one.</summary>
    Always,

    /// <summary>Never.</summary>
    Never,
}
