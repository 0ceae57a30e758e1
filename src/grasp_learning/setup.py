from setuptools import find_packages, setup

package_name = "grasp_learning"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=False,
    maintainer="Grasping stack maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    description="Grasp datasets: their formats, readers, checks and object-wise splits.",
    license="Apache-2.0",
)
