/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.bench;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * PyTorch's own kernels, called through a TorchScript archive that holds one method a row.
 *
 * <p>Such an archive is a zip file of the pickle of an object without fields, the source of its
 * class, no constants, and a version.
 */
final class TorchScript implements AutoCloseable {

    private static final String CLASS =
            """
            class M(Module):
              __parameters__ = []
              __buffers__ = []
              training : bool
            """;

    private final Model model;
    private final NDManager manager;
    private final ParameterStore parameters = new ParameterStore();

    /** Loads the methods of rows, which must be loaded once only: the engine keeps the memory. */
    TorchScript(List<Row> rows, NDManager parent, List<Case> inputs) {
        StringBuilder source = new StringBuilder(CLASS);
        for (int i = 0; i < rows.size(); i++) {
            source.append(
                    method("f" + i, inputs.get(i), Objects.requireNonNull(rows.get(i).torch())));
        }
        Device device = parent.getDevice();
        manager = parent.newSubManager();
        model = Model.newInstance("native", device, "PyTorch");
        try {
            model.load(new ByteArrayInputStream(archive(source.toString())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (MalformedModelException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns the method of a row. */
    Formula method(int row) {
        NDArray name = manager.create(0f);
        name.setName("module_method:f" + row);
        return input -> {
            NDList arguments = new NDList(input.predictions());
            arguments.addAll(input.labels());
            arguments.addAll(input.weights());
            arguments.add(name);
            // Only in training does the result carry a gradient.
            return model.getBlock().forward(parameters, arguments, true).head();
        };
    }

    private static String method(String name, Case input, String body) {
        List<String> arguments = new ArrayList<>(List.of("self"));
        name(arguments, "x", input.predictions());
        name(arguments, "y", input.labels());
        name(arguments, "w", input.weights());
        String code = body.contains("return ") ? body.strip() : "return " + body.strip();
        return "  def "
                + name
                + "("
                + String.join(", ", arguments)
                + ") -> Tensor:\n"
                + code.indent(4);
    }

    private static void name(List<String> arguments, String name, NDList arrays) {
        for (int i = 0; i < arrays.size(); i++) {
            arguments.add(name + (i == 0 ? "" : i + 1) + ": Tensor");
        }
    }

    private static byte[] archive(String source) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            String pickle = "\u0080\u0002c__torch__\nM\n)\u0081}(X\u0008\0\0\0training\u0088ub.";
            entry(zip, "m/data.pkl", pickle.getBytes(StandardCharsets.ISO_8859_1));
            entry(zip, "m/code/__torch__.py", source.getBytes(StandardCharsets.UTF_8));
            String nothing = "\u0080\u0002).";
            entry(zip, "m/constants.pkl", nothing.getBytes(StandardCharsets.ISO_8859_1));
            entry(zip, "m/version", "3\n".getBytes(StandardCharsets.UTF_8));
        }
        return bytes.toByteArray();
    }

    private static void entry(ZipOutputStream zip, String name, byte[] content) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(content);
        zip.closeEntry();
    }

    @Override
    public void close() {
        model.close();
        manager.close();
    }
}
