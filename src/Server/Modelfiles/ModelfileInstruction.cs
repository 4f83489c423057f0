namespace LocalLlm.Server.Modelfiles;

/// <summary>The instructions of a Modelfile, in the order in which the error for an unknown one lists them. Their names in upper case are what is written.</summary>
internal enum ModelfileInstruction
{
    /// <summary>A model's name, a file or a folder to build upon; repeatable.</summary>
    From,

    /// <summary>Text of a licence; repeatable.</summary>
    License,

    /// <summary>The prompt template, in Go's template language.</summary>
    Template,

    /// <summary>The system message.</summary>
    System,

    /// <summary>A LoRA adapter and, as an extension, how strongly it acts; repeatable.</summary>
    Adapter,

    /// <summary>A draft model for speculative decoding; repeatable.</summary>
    Draft,

    /// <summary>Name of a built-in prompt renderer.</summary>
    Renderer,

    /// <summary>Name of a built-in output parser.</summary>
    Parser,

    /// <summary>An option's default; repeatable.</summary>
    Parameter,

    /// <summary>A message that every conversation begins with; repeatable.</summary>
    Message,

    /// <summary>The least version of the program that the model asks for.</summary>
    Requires,
}
