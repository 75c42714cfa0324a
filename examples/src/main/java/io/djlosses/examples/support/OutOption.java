/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.examples.support;

import picocli.CommandLine.Option;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The option {@code --out}: the folder of the pictures. */
public final class OutOption {

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            defaultValue = "out",
            description = "Where pictures go.")
    private Path folder;

    /**
     * Returns a file in the folder, which is made if it is missing.
     *
     * @param name the name of the file
     * @return its path
     */
    public Path file(String name) {
        try {
            Files.createDirectories(folder);
            return folder.resolve(name);
        } catch (IOException e) {
            throw new UncheckedIOException("--out: cannot make the folder " + folder, e);
        }
    }
}
